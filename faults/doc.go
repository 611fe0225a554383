// Package faults is what can be done to an ensemble and its clients while
// recipes run on it, and when.
//
// A [Fault] is a kind of harm with its parameters ([Pause], [Expire]). Injected
// into a [Target] it gives an [Effect], which can be verified from outside and
// healed. A [Schedule] says what happens when; it follows from a seed alone.
// [Play] carries a schedule out, records each step as an event of the process
// "nemesis", and heals everything at the end, however the end comes.
//
// A fault is for servers ([Nodes] says which), for the network between them, for
// clients ([Who] says which: their links, messages, sessions, processes), or for
// the znodes of a recipe. Faults that overlap keep out of each other's way by
// [Claims]. Whoever writes one begins with a small one beside the like: cut.go for
// clients, foreign.go for znodes.
//
// Package link, below this one, is the wire between one client and the ensemble.
package faults
