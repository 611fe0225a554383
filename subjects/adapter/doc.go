// Package adapter lets subjects live in another process, so that a client can really be
// stopped (SIGSTOP) and killed (SIGKILL), and so that a recipe in any language can be a
// subject. It knows no workload, fault or property.
//
// The harness starts a program and talks with it over its standard input and output, one
// JSON object a line; docs/adapter-protocol.md describes the lines. The package has three parts:
//
//   - [Process] is the harness's side. [Start] runs the program. The value makes
//     subjects ([subjects.Remote]), and faults freeze, kill and restart it.
//   - [Serve] is the program's side, for subjects in Go, as in "zklab worker". It also
//     serves subjects of a library with its own connections: see Connect of [Subjects].
//   - [Conform] checks any such program.
//
// Breaking the protocol (other output, an unexpected end, no answer) is not the same as a
// recipe that breaks its promise. Every error about the protocol is a [*Broken], with the
// last lines that the program wrote to standard error.
package adapter
