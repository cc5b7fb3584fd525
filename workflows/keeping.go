package workflows

import (
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// keepsConstant is the constant that says for how many days runs are kept; without it they are for usualDays.
const (
	keepsConstant = "run_days"
	usualDays     = 90
	maxDays       = 365
	day           = 24 * time.Hour
)

// keeps is how long runs are kept, as the configuration says, or reports that it says something else.
func keeps(c *catalog.Compiling) time.Duration {
	says, ok := c.Snapshot().Constants[keepsConstant]
	if !ok {
		return usualDays * day
	}
	days, whole := says.Stored.(int64)
	if !whole || says.Value.Kind() != fieldtype.NumberKind || scaleOf(says.Value) != 0 || days < 1 || days > maxDays {
		c.Report(fault.New(fault.Invalid, "workflow.run_days", "limit", maxDays), "/constant/"+keepsConstant+"/value")
		return usualDays * day
	}
	return time.Duration(days) * day
}

// scaleOf is how many digits a value has after the point.
func scaleOf(v fieldtype.Value) int {
	if scaled, ok := v.(fieldtype.Scaled); ok {
		return scaled.Scale()
	}
	return 0
}
