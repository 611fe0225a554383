package zklab

// Brief is the experiment without a report where it is valid.
func (x Experiment) Brief() Experiment {
	x.brief = true
	return x
}

// Launch and Program are for processes that a test plays.
type (
	Launch  = launch
	Program = program
)

// Launching is the experiment with clients' processes that are started so.
func (x Experiment) Launching(l Launch) Experiment {
	x.Command, x.launch = []string{"played"}, l
	return x
}
