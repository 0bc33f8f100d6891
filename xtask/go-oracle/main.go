// Command go-oracle drives the Go toolchain's own build cache.
//
//	go-oracle ops DIR        answer the operations on standard input, one JSON object a line
//	go-oracle bench DIR [N]  time the cache in DIR, which must not be there yet, N small entries
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) < 3 {
		usage()
	}
	dir := os.Args[2]
	switch os.Args[1] {
	case "ops":
		ops(dir)
	case "bench":
		n := 20000
		if len(os.Args) > 3 {
			v, err := strconv.Atoi(os.Args[3])
			if err != nil || v < 1 {
				usage()
			}
			n = v
		}
		bench(dir, n)
	default:
		usage()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go-oracle ops DIR | go-oracle bench DIR [N]")
	os.Exit(2)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-oracle:", err)
		os.Exit(1)
	}
}
