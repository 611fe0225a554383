// Package checktest makes histories for tests of checks: event by event ([Record]), of
// runs in which all goes well ([Good]), and at random ([GenerateHolds] and others). It
// decides nothing, and nothing that ships may import it.
package checktest
