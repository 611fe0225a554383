package faults

import "errors"

// ErrNoTarget is returned by Inject when there is nothing to harm: nobody
// holds, say. Another fault of its kind may still find something.
var ErrNoTarget = errors.New("found no target")
