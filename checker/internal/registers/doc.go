// Package registers decides the promises of a register, which is the store itself, observed at one
// znode whose values are unique. It reads evidence, runs nothing, and knows no other object.
//
// [Register] is declared in register.go, beside the code that reads a key. Each other file decides one
// property, or two similar ones; gaps.go and package zones have the procedures.
package registers
