package link

// numbers count messages for their names. They are guarded by Link.mu.
type numbers struct {
	operation  string // the present one, "" before the first
	operations map[string]int
	messages   map[string]int // of the present operation, by kind
	made       map[place]*int // number of creates of ephemeral znodes in the present operation that were not refused
}

// Operation notes that the client begins an operation. All messages belong to it until the
// next operation begins. See [Point].
func (l *Link) Operation(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.operation = name
	l.now.operations[name]++
	clear(l.now.messages)
	clear(l.now.made)
	l.looked = l.looked[:0]
}

// number names the next message of a kind. Messages are counted only while a breakpoint,
// OnPoint or OnMessage needs their names. Call it with l.mu held.
func (l *Link) number(message string) Point {
	if l.now.operation == "" || l.cfg.OnPoint == nil && l.cfg.OnMessage == nil && len(l.breakpoints.all) == 0 {
		return Point{}
	}
	l.now.messages[message]++
	return Point{
		Client: l.cfg.Client, Operation: l.now.operation, Nth: l.now.operations[l.now.operation],
		Message: message, Which: l.now.messages[message],
	}
}

// place is a session, and the key about whose znodes it sends requests.
type place struct {
	session int64
	key     string
}
