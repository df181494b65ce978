package memnet

import "time"

// Virtual tells whether the clock is that of a testing/synctest bubble. Package synctest has no
// such question, but it promises that a bubble begins in the year 2000, and no machine that can run
// this code believes it is that late. It is wrong for a bubble that has waited for two decades.
func Virtual() bool { return time.Now().Year() < 2020 }
