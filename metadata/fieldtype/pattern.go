package fieldtype

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"formwork/engine/fault"
)

// Limits of a regular expression.
const (
	MaxPattern      = 500   // bytes
	MaxInstructions = 2_000 // once compiled: a{1000} has a thousand
)

// Pattern is a compiled regular expression and what it costs. Immutable, safe for
// concurrent use.
type Pattern struct {
	*regexp.Regexp
	Instructions int
}

// CompilePattern reads Go's RE2 syntax. Faults (Invalid): "metadata.pattern_too_long",
// "metadata.pattern_too_large", "metadata.bad_pattern".
func CompilePattern(text string) (*Pattern, *fault.Fault) {
	if len(text) > MaxPattern {
		return nil, fault.New(fault.Invalid, "metadata.pattern_too_long", "max", MaxPattern)
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, badPattern(err)
	}
	if unrolled(parsed) > MaxInstructions {
		return nil, fault.New(fault.Invalid, "metadata.pattern_too_large", "max", MaxInstructions)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, badPattern(err)
	}
	if len(program.Inst) > MaxInstructions {
		return nil, fault.New(fault.Invalid, "metadata.pattern_too_large", "max", MaxInstructions)
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return nil, badPattern(err)
	}
	return &Pattern{compiled, len(program.Inst)}, nil
}

func badPattern(err error) *fault.Fault {
	return fault.New(fault.Invalid, "metadata.bad_pattern", "reason", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

// unrolled is about how many instructions a pattern has when its repetitions are
// written out, found without doing so.
func unrolled(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)/2
	for _, sub := range re.Sub {
		size += unrolled(sub)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1)
	}
	return min(size, MaxInstructions+1)
}
