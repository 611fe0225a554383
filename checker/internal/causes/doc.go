// Package causes looks in the transaction log for why a violation came about: which
// transactions made, ended or replaced what the operations of its witness rest on,
// and whose they were. It decides nothing, and a verdict is the same without it.
//
// What flows in is a record and the events of a witness; out come some transactions
// ([Of]), each with a sentence that says no more than the log and the record prove.
// It goes by the traits of package models: what begins and ends a stay rests on a znode
// that the client made meanwhile ([stays]), an item is the data of one ([items]), a value
// was written to the key's own znode (values.go). Where it cannot be known which znode that
// is, nothing is said of it.
package causes
