package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"oracle/cache"
)

// request is one operation. What is put is named by its path, so that large bodies need not
// travel; small data travels as base64 (encoding/json's []byte).
//
//	{"op":"put","id":HEX,"path":PATH}      -> {"output":HEX,"size":N}
//	{"op":"put-exe","id":HEX,"name":NAME,"path":PATH}
//	{"op":"get","id":HEX}                  -> {"output":HEX,"size":N,"time":UNIXNANO} or {"err":TEXT}
//	{"op":"get-file","id":HEX}             -> also {"file":PATH}
//	{"op":"get-bytes","id":HEX}            -> also {"sum":HEX,"length":N} of the bytes
//	{"op":"now","time":UNIX}               set the cache's clock (seconds); 0: the real clock
//	{"op":"trim"}
//	{"op":"hash","salt":TEXT,"data":B64}   -> {"output":HEX}  salted NewHash
//	{"op":"subkey","id":HEX,"name":DESC}   -> {"output":HEX}
type request struct {
	Op   string `json:"op"`
	ID   string `json:"id"`
	Name string `json:"name"`
	Path string `json:"path"`
	Salt string `json:"salt"`
	Data []byte `json:"data"`
	Time int64  `json:"time"`
}

type reply struct {
	Output string `json:"output,omitempty"`
	Size   int64  `json:"size"`
	Time   int64  `json:"time"`
	File   string `json:"file,omitempty"`
	Sum    string `json:"sum,omitempty"`
	Length int    `json:"length"`
	Err    string `json:"err,omitempty"`
}

func ops(dir string) {
	c, err := cache.Open(dir)
	must(err)
	in := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	for {
		var r request
		if err := in.Decode(&r); err == io.EOF {
			break
		} else {
			must(err)
		}
		rep, err := do(c, r)
		if err != nil {
			rep.Err = err.Error()
		}
		must(enc.Encode(rep))
		must(out.Flush())
	}
}

func do(c *cache.DiskCache, r request) (reply, error) {
	var id cache.ActionID
	if r.ID != "" {
		b, err := hex.DecodeString(r.ID)
		must(err)
		copy(id[:], b)
	}
	switch r.Op {
	case "put", "put-exe":
		return put(c, id, r)
	case "get":
		e, err := c.Get(id)
		return found(e), err
	case "get-file":
		file, e, err := cache.GetFile(c, id)
		rep := found(e)
		rep.File = file
		return rep, err
	case "get-bytes":
		data, e, err := cache.GetBytes(c, id)
		rep := found(e)
		rep.Sum, rep.Length = fmt.Sprintf("%x", sha256.Sum256(data)), len(data)
		return rep, err
	case "now":
		if r.Time == 0 {
			c.SetNow(time.Now)
		} else {
			c.SetNow(func() time.Time { return time.Unix(r.Time, 0) })
		}
		return reply{}, nil
	case "trim":
		return reply{}, c.Trim()
	case "hash":
		cache.SetSalt(r.Salt)
		h := cache.NewHash("oracle")
		h.Write(r.Data)
		return reply{Output: fmt.Sprintf("%x", h.Sum())}, nil
	case "subkey":
		return reply{Output: fmt.Sprintf("%x", cache.Subkey(id, r.Name))}, nil
	default:
		return reply{}, fmt.Errorf("unknown op %s", r.Op)
	}
}

func put(c *cache.DiskCache, id cache.ActionID, r request) (reply, error) {
	f, err := os.Open(r.Path)
	must(err)
	defer f.Close()
	var o cache.OutputID
	var size int64
	if r.Op == "put" {
		o, size, err = c.Put(id, f)
	} else {
		o, size, err = c.PutExecutable(id, r.Name, f)
	}
	return reply{Output: fmt.Sprintf("%x", o), Size: size}, err
}

func found(e cache.Entry) reply {
	return reply{Output: fmt.Sprintf("%x", e.OutputID), Size: e.Size, Time: e.Time.UnixNano()}
}
