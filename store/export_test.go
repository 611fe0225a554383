package store

// ActAs makes the process act as if it were one of another user, until back is called.
func ActAs(other int) (back func()) {
	was := user
	user = func() int { return other }
	return func() { user = was }
}
