// Package workloads runs recipes, correct and defective, on a simulated ensemble, for
// tests that attack package checker; it imports nothing of what it tests. Its clients
// have lagging views, sessions that die at a place of the log that they do not know,
// requests and replies that get lost, servers that fall behind; they are told of an
// expiry late or too early. What they record is what package workloads of zklab
// records. Everything follows from a seed, in virtual time, and a run knows the truth
// about what it let happen.
//
// kernel.go has time and coroutines, store.go the log and the servers, conn.go a
// client's connection, record.go the record; the other files are a recipe with
// its workload each.
package workloads
