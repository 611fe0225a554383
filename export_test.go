package zklab

// Brief is the experiment without a report where it is valid.
func (x Experiment) Brief() Experiment {
	x.brief = true
	return x
}
