package explain

// Telling says how the counterexample of a property is described: until when a hold is drawn, and which
// conclusion follows from the steps. Properties declare theirs.
type Telling int

// The tellings.
const (
	StepsOnly    Telling = iota // there is no conclusion
	HeldTwice                   // two clients held at one time
	BelievedHeld                // two clients believed at one time that they held, whatever their sessions did
	ClaimedHeld                 // a client claimed to hold, whatever its session did
	CameTwice                   // an item came out twice, or was never put in
	Overtaken                   // an item came out before one that had been put in earlier
	Vanished                    // an item was put in and never came out
	PassedEarly                 // a client passed a barrier while it was up
	OldToken                    // a write was accepted after one with a higher token
)
