// Package simulated has the znodes of ensembles that exist only as one log of transactions, for tests
// of checks: the transactions that a leader makes from requests, and the state of servers that apply
// them later. Package sessions records every frame of clients whose servers break one promise. They
// are test support: no check, and nothing that users run, imports them, and they share no code with
// what they test.
//
// The embedded ensemble's own store cannot do this: it answers in records of the wire, cannot be made
// to be wrong, and has to be like Apache's although a check must not depend on that. Clients here are
// queues of frames that move one step after the other, so that a mutant can change any of them.
package simulated
