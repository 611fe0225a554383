// Package words puts times, numbers, zxids and tokens into words, for the reasons of
// verdicts. It knows nothing of what they mean.
package words
