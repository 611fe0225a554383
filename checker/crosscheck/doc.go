// Package crosscheck is a second opinion on what zklab decides. It consists of tests only. It may not
// use the procedures of package checker and its reference model. Each object is decided here a second
// time, by trying every order and every choice, according to docs/recipes. Generated histories go to
// both, and where the two differ, the history is made as small as possible and printed.
//
// Each object has one file. They share: deciding by enumeration (brute_test.go), histories of plain
// objects and of zklab's own (foreign_test.go, own_test.go), holds of clients whose sessions end during
// the hold (partings_test.go decides, sharing_test.go says in what ways clients share,
// partingruns_test.go generates, partingjobs_test.go is about jobs), znodes that are watched
// (watched_test.go), groups that clients join and leave (groups_test.go decides, groupruns_test.go
// generates, groupwaits_test.go is about time limits), and the comparison (compare_test.go).
//
// The tests take some seconds, and are the same every time. ZKLAB_CROSSCHECK=N asks for N histories of
// each object, ZKLAB_CROSSCHECK_SEED for others, and ZKLAB_CROSSCHECK_FIRST skips the histories before
// a number. With ZKLAB_REASONS=1, a difference also prints what zklab says about everything else.
package crosscheck
