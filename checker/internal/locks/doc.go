// Package locks decides what is promised of whatever one client holds at a time, or so
// many: a lock, the leadership of an election, the leases of a semaphore. It reads
// evidence, runs nothing, and knows no other object.
//
// [Lock] and [Election] are declared in exclusion.go, [Semaphore] in semaphore.go, [MultiLock] in
// multilock.go. holds.go reads who held from when
// to when; one file decides one property.
package locks
