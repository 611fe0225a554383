// Package adapter lets subjects live in another process, so that a client can be
// stopped (SIGSTOP) and killed (SIGKILL) for real, and so that a recipe in any
// language can be a subject. It may not know a workload, a fault or a property.
//
// The harness starts a program and talks with it over its standard input and
// output, one JSON object a line; docs/adapters.md describes the lines. Three
// pieces are here:
//
//   - [Process] is the harness's side: [Start] runs the program, and the value
//     makes subjects ([subjects.Remote]) and is what faults freeze, kill and
//     start again.
//   - [Serve] is the program's side, for subjects in Go: "zklab worker" is it. Subjects of a
//     library with connections of its own are served, too: see Connect of [Subjects].
//   - [Conform] puts any such program through its paces.
//
// A program that breaks the protocol (it prints something else, ends by itself,
// does not answer) is told from a recipe that breaks its promise: every error
// about it is a [*Broken], with the last lines that it wrote to standard error.
package adapter
