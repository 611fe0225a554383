// Package locks decides what is promised of whatever one client holds at a time: a lock,
// and the leadership of an election. It reads evidence, runs nothing, and knows no other
// object.
//
// [Lock] and [Election] are declared in exclusion.go. holds.go reads who held from when
// to when; one file decides one property.
package locks
