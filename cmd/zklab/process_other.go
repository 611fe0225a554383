//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// There is no supervision here; see supervised.

var passedOn []os.Signal

func ownGroup(*exec.Cmd) {}

func pass(child *os.Process, s os.Signal) { _ = child.Signal(s) }

func killedBy(*os.ProcessState) os.Signal { return nil }

func ignoreBrokenPipes() {}

func polledInput() (*os.File, error) { return os.Stdin, nil }
