// Package registers decides what is promised of a register, which is the store itself as
// seen at one znode whose values are unique. It reads evidence, runs nothing, and knows
// no other object.
//
// [Register] is declared in register.go, beside what is read of a key. One file decides
// one property, or two that are alike; gaps.go and package zones have the procedures.
package registers
