package link

// numbers count messages for their names. They are guarded by Link.mu.
type numbers struct {
	operation  string // the present one, "" before the first
	operations map[string]int
	messages   map[string]int // of the present operation, by kind
}

// Operation says that the client begins an operation. All messages belong to it until the
// next operation begins. See [Point].
func (l *Link) Operation(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.operation = name
	l.now.operations[name]++
	clear(l.now.messages)
}

// number names the next message of a kind. Messages are counted only while a breakpoint or
// OnPoint needs their names. Call it with l.mu held.
func (l *Link) number(message string) Point {
	if l.now.operation == "" || l.cfg.OnPoint == nil && len(l.breakpoints) == 0 {
		return Point{}
	}
	l.now.messages[message]++
	return Point{
		Client: l.cfg.Client, Operation: l.now.operation, Nth: l.now.operations[l.now.operation],
		Message: message, Which: l.now.messages[message],
	}
}

// ofReply returns the point of the reply to a request that has a point.
func (p Point) ofReply() Point {
	p.Reply = !p.Zero()
	return p
}
