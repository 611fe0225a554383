// Package causes finds in the transaction log why a violation came about: which transactions made,
// ended or replaced the znodes on which the operations of its counterexample rest, and which
// clients made these transactions. It decides nothing, and a verdict is the same without it.
//
// Its input is a record and the events of a counterexample. Its output is some transactions ([Of]),
// each with a sentence that says no more than the log and the record prove. It uses the traits of
// package models: a stay rests on a znode that the client made during the call that began it
// ([stays]), an item is the data of a znode ([items]), a value was written to the key's own znode
// (values.go). If it cannot know which znode that is, it says nothing about it.
package causes
