package faults

// Taken lists the claims.
func (c *Claims) Taken() []string { return c.all() }
