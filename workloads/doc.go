// Package workloads is what clients do to a recipe: for each recipe a set of
// client loops that put it under contention, and a quiesce phase that gives
// every contender its turn and takes the last readings. It may not decide
// whether what came of it is right, nor inject a fault.
//
// A [Workload] is made from a constructor of the subject under test. The
// engine (package zklab) hands it an [Env] with opened clients and a recorder,
// calls Load while the faults run, and Quiesce once everything is healed. Every
// operation goes through [Client.Do], which records the invocation before the
// call and the completion after it. A subject may panic, and may not come back:
// a call that never returns stays open in the record, and the run ends without it.
//
// Load is open loop: arrivals come at a stated rate whether or not earlier
// operations have ended, and an operation that had to wait for its client
// carries the time at which it was meant to begin.
package workloads
