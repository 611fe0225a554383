package recipes

// Refusal is the error of a request that a server has refused because the client lacks a permission
// ([zk.ErrNoAuth]) or because the ACL is invalid ([zk.ErrInvalidACL]). It is the cause of the
// [Error] of a call. The recipes do not repeat a refused request, except to remove znodes in the
// background, as permissions may come back.
type Refusal struct {
	Request string // "create", "delete", "get", "set", "list", "exists" or "check"
	Path    string // of the znode; for a sequential znode, without its number
	Err     error  // what the server said
}

func newRefusal(request, path string, err error) error {
	return &Refusal{Request: request, Path: path, Err: err}
}

func (r *Refusal) Error() string { return r.Request + " " + r.Path + ": " + r.Err.Error() }

// Unwrap returns what the server said.
func (r *Refusal) Unwrap() error { return r.Err }
