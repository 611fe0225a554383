// Package words puts times, numbers, zxids and tokens into words, for the reasons of verdicts. It
// does not know what they stand for.
package words
