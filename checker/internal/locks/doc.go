// Package locks decides the promises of objects that one client, or a limited number of clients, can
// hold at a time: a lock, the leadership of an election, the leases of a semaphore. It reads evidence,
// runs nothing, and knows no other object.
//
// [Lock] and [Election] are declared in exclusion.go, [Semaphore] in semaphore.go, [MultiLock] in
// multilock.go. holds.go reads which client held from when to when. Each property has a file.
package locks
