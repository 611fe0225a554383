// Package frame has the types with which each object declares its checks: properties ([Property]),
// reference models ([Reference]), and what they find ([Finding]). It runs nothing, which is up to
// package checker, and knows no object.
package frame
