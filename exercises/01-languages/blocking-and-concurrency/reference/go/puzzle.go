package main

import (
	"context"
	"math/big"
	"net/url"
	"regexp"
)

const (
	mostSquarings = 1_000_000_000
	// Between two looks at the context: about a millisecond.
	slice = 2000
)

type puzzle struct {
	base, modulus *big.Int
	squarings     int64
}

// SetString alone would also take a sign and underscores.
var digits = regexp.MustCompile(`^[0-9]{1,200}$`)

func parsePuzzle(query url.Values) (puzzle, bool) {
	var n [3]*big.Int
	for i, name := range []string{"base", "modulus", "squarings"} {
		text := query.Get(name)
		if !digits.MatchString(text) {
			return puzzle{}, false
		}
		n[i], _ = new(big.Int).SetString(text, 10)
	}
	if n[1].Cmp(big.NewInt(2)) < 0 || n[2].Sign() == 0 || n[2].Cmp(big.NewInt(mostSquarings)) > 0 {
		return puzzle{}, false
	}
	return puzzle{base: n[0], modulus: n[1], squarings: n[2].Int64()}, true
}

// solve returns the context's error when it ends first: a goroutine can't be stopped from outside.
func (p puzzle) solve(ctx context.Context) (*big.Int, error) {
	// The same three numbers all the way, so that the loop leaves no garbage.
	x := new(big.Int).Mod(p.base, p.modulus)
	square, quotient := new(big.Int), new(big.Int)
	for i := int64(0); i < p.squarings; i++ {
		if i%slice == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		square.Mul(x, x)
		quotient.QuoRem(square, p.modulus, x)
	}
	return x, nil
}
