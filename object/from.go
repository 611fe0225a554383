package object

// From draws an argument from what the client was answered before: one of the answers of an operation
// at this object, such as the id of a task that the client has claimed and now finishes. Each answer is
// drawn once, unless the call certainly had no effect. An answer of nil, or of an empty text, does not
// count, and the next process of a client has no answers yet. While a client has no answer to draw
// from, it calls another operation.
//
// A function that draws an argument of another type can call From: object.From(claim)(d).ID.
func From[S, A, R any](o *Op[S, A, R]) func(*Draw) R {
	if o == nil {
		return nil
	}
	return func(d *Draw) (answer R) {
		if raw, ok := d.Answer(o.name); ok {
			_ = decode(raw, &answer) // as it was written
		}
		return answer
	}
}
