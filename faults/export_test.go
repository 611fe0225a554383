package faults

// Taken lists what is claimed.
func (c *Claims) Taken() []string { return c.all() }
