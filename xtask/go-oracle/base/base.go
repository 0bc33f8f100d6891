// Package base stands in for cmd/go/internal/base.
package base

import (
	"errors"
	"log"
	"syscall"
)

func Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
func IsETXTBSY(err error) bool          { return errors.Is(err, syscall.ETXTBSY) }
