// Convert reads a stream of the cache protocol with encoding/json and writes it again.
//
// Its arguments are what to read (requests or responses) and how to write it (compact, as the go
// command does, or indent). What it read it describes on stderr, a line for each message.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// The fields are those of cmd/go/internal/cacheprog, and ObjectID, which Go 1.23 had.

type request struct {
	ID       int64
	Command  string
	ActionID []byte `json:",omitempty"`
	OutputID []byte `json:",omitempty"`
	ObjectID []byte `json:",omitempty"`
	BodySize int64  `json:",omitempty"`
}

type response struct {
	ID            int64
	Err           string     `json:",omitempty"`
	KnownCommands []string   `json:",omitempty"`
	Miss          bool       `json:",omitempty"`
	OutputID      []byte     `json:",omitempty"`
	Size          int64      `json:",omitempty"`
	Time          *time.Time `json:",omitempty"`
	DiskPath      string     `json:",omitempty"`
}

var indent = os.Args[2] == "indent"

func main() {
	in := json.NewDecoder(os.Stdin)
	for {
		var err error
		if os.Args[1] == "requests" {
			err = convertRequest(in)
		} else {
			err = convertResponse(in)
		}
		if err == io.EOF {
			return
		}
		check(err)
	}
}

func convertRequest(in *json.Decoder) error {
	var r request
	if err := in.Decode(&r); err != nil {
		return err
	}
	var body []byte
	hasBody := r.Command == "put" && r.BodySize > 0
	if hasBody {
		check(in.Decode(&body))
	}
	fmt.Fprintf(os.Stderr, "%d %x %x %x %x %d %x\n",
		r.ID, r.Command, r.ActionID, r.OutputID, r.ObjectID, r.BodySize, body)
	write(&r)
	if !hasBody {
		return nil
	}
	if indent {
		write(body)
		return nil
	}
	// As the go command does it.
	fmt.Print("\n\"")
	encoder := base64.NewEncoder(base64.StdEncoding, os.Stdout)
	_, err := encoder.Write(body)
	check(err)
	check(encoder.Close())
	fmt.Print("\"\n")
	return nil
}

func convertResponse(in *json.Decoder) error {
	var r response
	if err := in.Decode(&r); err != nil {
		return err
	}
	when := "none"
	if r.Time != nil {
		when = fmt.Sprintf("%d.%09d", r.Time.Unix(), r.Time.Nanosecond())
		if indent {
			// A helper may write the time of its own place.
			local := r.Time.In(time.FixedZone("", (5*60+45)*60))
			r.Time = &local
		}
	}
	fmt.Fprintf(os.Stderr, "%d %x %x %t %x %d %s %x\n",
		r.ID, r.Err, r.KnownCommands, r.Miss, r.OutputID, r.Size, when, r.DiskPath)
	write(&r)
	return nil
}

func write(value any) {
	if !indent {
		check(json.NewEncoder(os.Stdout).Encode(value))
		return
	}
	text, err := json.MarshalIndent(value, " ", "\t")
	check(err)
	_, err = os.Stdout.Write(text)
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}
