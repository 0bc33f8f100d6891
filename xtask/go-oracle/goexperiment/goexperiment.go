// Package goexperiment stands in for internal/goexperiment.
package goexperiment

const CacheProg = false
