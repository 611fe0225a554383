// Package simulated simulates ensembles for tests of checks: it makes transactions from requests, as a leader
// does, and has the znodes of servers that apply them later. An ensemble is no more than one log of
// transactions. Package sessions records every frame of clients whose servers break one promise. They are
// test support: no check, and nothing that users run, imports them, and they share no code with what they
// test.
//
// The embedded ensemble's own store cannot do this: it answers in records of the wire, cannot be made
// to be wrong, and has to be like Apache's although a check must not depend on that. Clients here are
// queues of frames that move one step after the other, so that a mutant can change any of them.
package simulated
