package recipes

// Refusal is the error of a request that a server refused for want of rights, [zk.ErrNoAuth],
// or for its ACL, [zk.ErrInvalidACL]: which request it was, and of what znode. It is the
// cause of the [Error] of a call. Nothing that was refused is tried again, but for what is
// removed in the background: rights may come back.
type Refusal struct {
	Request string // "create", "delete", "get", "set", "list", "exists" or "check"
	Path    string // of the znode; that of a sequential one without its number
	Err     error  // what the server said
}

func newRefusal(request, path string, err error) error {
	return &Refusal{Request: request, Path: path, Err: err}
}

func (r *Refusal) Error() string { return r.Request + " " + r.Path + ": " + r.Err.Error() }

// Unwrap returns what the server said.
func (r *Refusal) Unwrap() error { return r.Err }
