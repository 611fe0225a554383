//go:build !unix

package dockertest

// lockMachine has no lock to wait for here.
func lockMachine() (release func(), err error) { return func() {}, nil }
