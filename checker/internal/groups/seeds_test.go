package groups

// moreSeeds are, by test, seeds beyond the first ones in each of which a planted defect shows that
// the first ones hardly show.
var moreSeeds = map[string][]int{}
