// Package crosscheck is a second opinion on what zklab decides, made of tests
// alone. It may not use the procedures of package checker and its reference model. Each
// object is decided here once more, by trying every order and every choice, from
// what docs/recipes says. Generated histories go to both, and where the two
// differ the history is made as small as it gets and printed.
//
// Each object has one file. What they share: deciding by enumeration
// (brute_test.go), histories of plain objects and of zklab's own (foreign_test.go,
// own_test.go), holds of clients whose sessions end under them (partings_test.go decides,
// sharing_test.go says in what ways clients share, partingruns_test.go generates, partingjobs_test.go
// is about jobs), znodes that are watched (watched_test.go), groups that clients join
// and leave (groups_test.go decides, groupruns_test.go generates, groupwaits_test.go is
// about what has a time limit), and the comparison (compare_test.go).
//
// The tests take some seconds, and are the same every time. ZKLAB_CROSSCHECK=N
// asks for N histories of each object, ZKLAB_CROSSCHECK_SEED for others, and
// ZKLAB_CROSSCHECK_FIRST leaves out those before.
// ZKLAB_REASONS=1 prints with a difference what zklab says of all else, too.
package crosscheck
