// Package simulated is the znodes of ensembles that exist only as one log of
// transactions, for tests of checks: what a leader makes of requests, and what
// servers have that apply its transactions later. It and the packages below it are
// test support: no check, and nothing that users run, imports them, and they share
// no code with what they test.
//
// Package workloads runs recipes, correct and defective, on such an ensemble in
// virtual time; package sessions records every frame of clients whose servers break
// one promise. The embedded ensemble's own store would serve neither: it answers in
// records of the wire, cannot be told to be wrong, and has to be like Apache's where
// a check must not lean on that.
//
// The two share the znodes and what a leader does, but no clients and no wire. Those
// of workloads are threads that wait, in virtual time, for requests that take time and
// get lost; those of sessions are queues of frames, which one step after the other
// moves, so that a mutant can change any of them.
package simulated
