// Package workloads makes clients use a recipe. For each recipe it has client loops
// that put it under contention, and a quiesce phase that gives every contender its turn and
// takes the final readings. It does not decide whether the results are right, and injects
// no fault.
//
// A [Workload] is made from a constructor of the subject under test. The engine (package
// zklab) gives it an [Env] with connected clients and a recorder, calls Load while the
// faults run, and Quiesce once everything is healed. Every operation goes through
// [Client.Do], which records the invocation before the call and the completion after it. A
// subject may panic, and may not return: a call that never returns stays open in the
// record, and the run ends without it.
//
// Load is open loop: arrivals come at a given rate whether or not earlier operations have
// ended. An operation that had to wait for its client records the time at which it was
// meant to begin.
package workloads
