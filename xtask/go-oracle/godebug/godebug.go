// Package godebug stands in for internal/godebug: no setting is set.
package godebug

type Setting struct{}

func New(string) *Setting       { return &Setting{} }
func (*Setting) Value() string  { return "" }
func (*Setting) IncNonDefault() {}
