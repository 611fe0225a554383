// Package deploy has no code: its folder has the files that run a sweep on several machines at once
// (docs/sweeps.md), and their tests. The tests of package cli cover the commands in these files.
package deploy
