package webhook

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// The example of the Standard Webhooks specification.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleTime      = "1614265330"
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var exampleAt = time.Unix(1614265330, 0)

func example() *Delivery {
	return &Delivery{ID: exampleID, Timestamp: exampleTime, Signature: exampleSignature, Body: []byte(exampleBody)}
}

func TestSignatures(t *testing.T) {
	p := NewProver()
	for name, c := range map[string]struct {
		change func(d *Delivery)
		after  time.Duration
		want   bool
	}{
		"the example":          {func(*Delivery) {}, 0, true},
		"almost too late":      {func(*Delivery) {}, Tolerance, true},
		"almost too early":     {func(*Delivery) {}, -Tolerance, true},
		"too late":             {func(*Delivery) {}, Tolerance + time.Second, false},
		"too early":            {func(*Delivery) {}, -Tolerance - time.Second, false},
		"one of several":       {func(d *Delivery) { d.Signature = "v1,AAAA v1a,x v2 , " + d.Signature + " v1," }, 0, true},
		"of another version":   {func(d *Delivery) { d.Signature = "v2" + d.Signature[2:] }, 0, false},
		"cut":                  {func(d *Delivery) { d.Signature = d.Signature[:40] }, 0, false},
		"none":                 {func(d *Delivery) { d.Signature = "" }, 0, false},
		"another body":         {func(d *Delivery) { d.Body = append(d.Body, ' ') }, 0, false},
		"another id":           {func(d *Delivery) { d.ID += "x" }, 0, false},
		"another time":         {func(d *Delivery) { d.Timestamp = "1614265331" }, 0, false},
		"a time with a sign":   {func(d *Delivery) { d.Timestamp = "+1614265330"; d.Signature = Sign(exampleSecret, d) }, 0, false},
		"an id with a dot":     {func(d *Delivery) { d.ID = "a.1"; d.Signature = Sign(exampleSecret, d) }, 0, false},
		"an id that is long":   {func(d *Delivery) { d.ID = strings.Repeat("a", maxID+1); d.Signature = Sign(exampleSecret, d) }, 0, false},
		"signed by somebody":   {func(d *Delivery) { d.Signature = Sign(NewSecret(signature{}), d) }, 0, false},
		"a token in its stead": {func(d *Delivery) { d.Signature, d.Authorization = "", "Bearer "+exampleSecret }, 0, false},
	} {
		d := example()
		c.change(d)
		if got := p.Proved(signature{}, exampleSecret, d, exampleAt.Add(c.after)); got != c.want {
			t.Errorf("%s: proved is %v", name, got)
		}
	}
}

// Where there is no secret nothing proves, not even what an empty one signs.
func TestNoSecret(t *testing.T) {
	p := NewProver()
	for _, by := range Proofs {
		d := example()
		d.Signature, d.Authorization = Sign("", d), "Bearer "
		if p.Proved(by, "", d, exampleAt) {
			t.Errorf("%s is proved without a secret", by.Name())
		}
		made := NewSecret(by)
		if !by.Fits(made) || NewSecret(by) == made {
			t.Errorf("%s makes %s", by.Name(), made)
		}
	}
}

func TestTokens(t *testing.T) {
	p, secret := NewProver(), NewSecret(token{})
	for authorization, want := range map[string]bool{"Bearer " + secret: true, "bearer " + secret: true, "Basic " + secret: false, secret: false, "Bearer " + secret[1:]: false, "Bearer": false, "": false} {
		if got := p.Proved(token{}, secret, &Delivery{Authorization: authorization}, exampleAt); got != want {
			t.Errorf("%q: proved is %v", authorization, got)
		}
	}
}

// Whatever headers say, only what Sign makes of the very delivery is proved.
func FuzzSignature(f *testing.F) {
	f.Add(exampleID, exampleTime, exampleSignature, []byte(exampleBody))
	f.Add("a.1", "1614265330", "v1, v1 ,, v1,====", []byte("1614265330.5"))
	f.Add("", "", "", []byte(nil))
	p := NewProver()
	f.Fuzz(func(t *testing.T, key, at, header string, body []byte) {
		d := &Delivery{ID: key, Timestamp: at, Signature: header, Body: body}
		signed := false
		for _, one := range strings.Fields(header) {
			signed = signed || one == Sign(exampleSecret, d)
		}
		seconds, err := strconv.ParseInt(at, 10, 64)
		fits := err == nil && GoodID(key) && time.Unix(seconds, 0).Sub(exampleAt).Abs() <= Tolerance
		if p.Proved(signature{}, exampleSecret, d, exampleAt) && !(signed && fits) {
			t.Errorf("%+v is proved", d)
		}
	})
}
