// Package checktest makes histories for tests of checks: event by event ([Record]), of
// runs without any failure ([Good]), and at random ([GenerateHolds] and others). It
// decides nothing, and no code that ships may import it.
package checktest
