package fieldtype

import (
	"regexp"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// CurrencyType is an amount of money.
type CurrencyType struct{}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// currencySigns are the signs that people write for a currency; a sign is only
// read where the field is of that currency.
var currencySigns = map[string]string{"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥", "INR": "₹", "KRW": "₩"}

func (CurrencyType) Name() string { return "currency" }

// AlsoCalled implements Called.
func (CurrencyType) AlsoCalled() []string {
	return []string{"money", "amount"}
}

func (CurrencyType) MayResult() {}

func (CurrencyType) SettingsSchema() map[string]any {
	s := decimalSchema(2)
	code := textSetting("Currency", "The ISO 4217 code of the currency that amounts are in.", "USD", "EUR", "CNY")
	code["pattern"] = currencyCode.String()
	s["currency"] = code
	return s
}

// ShownSettings implements Shows.
func (CurrencyType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("scale", "min", "max", "currency")
}

func (CurrencyType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	v, s, problems := bindDecimal(f, 2)
	if s.Currency != "" && !currencyCode.MatchString(s.Currency) {
		problems = append(problems, fault.New(fault.Invalid, "metadata.bad_currency", "value", show(s.Currency)).At("/currency"))
	}
	if problems != nil {
		return nil, problems
	}
	if s.Currency != "" {
		v.trim = func(text string) string { return trimCurrency(text, s.Currency) }
	}
	return v, nil
}

// trimCurrency takes the code or the sign of a currency off one end: "$1,200",
// "-$5", "1,200 USD".
func trimCurrency(text, code string) string {
	minus := ""
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		minus, text = "-", strings.TrimSpace(rest)
	}
	for _, mark := range []string{code, currencySigns[code]} {
		if mark == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(text, mark); ok {
			return minus + strings.TrimSpace(rest)
		}
		if rest, ok := strings.CutSuffix(text, mark); ok {
			return minus + strings.TrimSpace(rest)
		}
	}
	return minus + text
}
