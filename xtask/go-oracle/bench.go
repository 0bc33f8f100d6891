package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"time"

	"oracle/cache"
)

// key is the action ID of entry i: the SHA-256 of i as 8 little-endian bytes.
func key(i int) cache.ActionID {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(i))
	return sha256.Sum256(b[:])
}

// body is n bytes that differ for every i.
func body(i, n int) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(int64(i))).Read(b)
	return b
}

// row prints one line: name, nanoseconds an operation, megabytes a second (0: not a transfer).
func row(name string, n int, d time.Duration, size int64) {
	fmt.Printf("%-20s %12.0f ns/op %10.1f MB/s\n", name, float64(d.Nanoseconds())/float64(n), float64(size)/1e6/d.Seconds())
}

func bench(dir string, n int) {
	must(os.Mkdir(dir, 0o777))
	c, err := cache.Open(dir)
	must(err)
	t := time.Now()
	for range 20 {
		c, err = cache.Open(dir)
		must(err)
	}
	row("open", 20, time.Since(t), 0)
	small(c, n)
	for _, size := range []int{64 << 10, 1 << 20, 64 << 20} {
		large(c, dir, size)
	}
	trim(c, dir)
}

// small times n entries of 1 KiB: written, written again, read in random order.
func small(c *cache.DiskCache, n int) {
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = body(i, 1024)
	}
	perm := rand.New(rand.NewSource(1)).Perm(n)
	timed := func(name string, bytes int64, op func(i int)) {
		t := time.Now()
		for _, i := range perm {
			op(i)
		}
		row(name, n, time.Since(t), bytes*int64(n))
	}
	timed("put-new-1k", 1024, func(i int) { must(cache.PutBytes(c, key(i), bodies[i])) })
	timed("put-same-1k", 1024, func(i int) { must(cache.PutBytes(c, key(i), bodies[i])) })
	timed("get-hit", 0, func(i int) { _, err := c.Get(key(i)); must(err) })
	timed("get-miss", 0, func(i int) {
		if _, err := c.Get(key(i + 1<<40)); err == nil {
			must(fmt.Errorf("unexpected hit"))
		}
	})
	timed("get-file", 0, func(i int) { _, _, err := cache.GetFile(c, key(i)); must(err) })
	timed("get-bytes-1k", 1024, func(i int) { _, _, err := cache.GetBytes(c, key(i)); must(err) })
	t := time.Now()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := g; k < n; k += 8 {
				_, err := c.Get(key(perm[k]))
				must(err)
			}
		}()
	}
	wg.Wait()
	row("get-hit-8-threads", n, time.Since(t), 0)
}

// large times up to 256 MiB of bodies of one size: from memory, again, read back, from a file.
func large(c *cache.DiskCache, dir string, size int) {
	n := min(256<<20/size, 500)
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = body(size+i, size)
	}
	total := int64(n) * int64(size)
	label := fmt.Sprintf("%dk", size>>10)
	timed := func(name string, op func(i int) time.Duration) {
		var d time.Duration
		for i := range bodies {
			d += op(i)
		}
		row(name+"-"+label, n, d, total)
	}
	since := func(op func()) time.Duration { t := time.Now(); op(); return time.Since(t) }
	id := func(i int) cache.ActionID { return key(size<<20 + i) }
	timed("put-new", func(i int) time.Duration { return since(func() { must(cache.PutBytes(c, id(i), bodies[i])) }) })
	timed("put-same", func(i int) time.Duration { return since(func() { must(cache.PutBytes(c, id(i), bodies[i])) }) })
	timed("get-bytes", func(i int) time.Duration {
		return since(func() { _, _, err := cache.GetBytes(c, id(i)); must(err) })
	})
	source := filepath.Join(dir, "source")
	timed("put-file", func(i int) time.Duration {
		bodies[i][0] ^= 0xff
		must(os.WriteFile(source, bodies[i], 0o666))
		f, err := os.Open(source)
		must(err)
		defer f.Close()
		return since(func() { _, _, err := c.Put(id(i), f); must(err) })
	})
	must(os.Remove(source))
}

// trim ages every second file past the limit, then times the trim that removes them and one that
// finds nothing to do.
func trim(c *cache.DiskCache, dir string) {
	old := time.Now().Add(-10 * 24 * time.Hour)
	files := 0
	must(filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			if files++; files%2 == 0 {
				return os.Chtimes(path, old, old)
			}
		}
		return err
	}))
	t := time.Now()
	must(c.Trim())
	row("trim-half", files, time.Since(t), 0)
	must(os.Remove(filepath.Join(dir, "trim.txt")))
	t = time.Now()
	must(c.Trim())
	row("trim-none", files/2, time.Since(t), 0)
}
