// Package deploy has no code: beside it are the files that run a sweep on several machines at
// once (docs/sweeps.md), and here are their tests. What the commands in them do, the tests of
// package cli see.
package deploy
