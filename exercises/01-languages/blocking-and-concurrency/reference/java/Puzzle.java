import java.math.BigInteger;
import java.util.HashMap;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;

record Puzzle(BigInteger base, BigInteger modulus, int squarings) implements Callable<BigInteger> {
    private static final int MOST_SQUARINGS = 1_000_000_000;

    /** Empty when the parameters do not make a puzzle. */
    static Optional<Puzzle> parse(String query) {
        var values = new HashMap<String, BigInteger>();
        for (var pair : (query == null ? "" : query).split("&")) {
            var parts = pair.split("=", 2);
            // BigInteger alone would also take a sign, and digits of other scripts.
            if (parts.length == 2 && parts[1].matches("[0-9]{1,200}")) {
                values.put(parts[0], new BigInteger(parts[1]));
            }
        }
        var base = values.get("base");
        var modulus = values.get("modulus");
        var squarings = values.get("squarings");
        if (base == null || modulus == null || squarings == null
                || modulus.compareTo(BigInteger.TWO) < 0
                || squarings.signum() == 0
                || squarings.compareTo(BigInteger.valueOf(MOST_SQUARINGS)) > 0) {
            return Optional.empty();
        }
        return Optional.of(new Puzzle(base, modulus, squarings.intValue()));
    }

    /** Solves it, unless its thread is interrupted. */
    @Override
    public BigInteger call() {
        var x = base.mod(modulus);
        for (int i = 0; i < squarings; i++) {
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException();
            }
            x = x.multiply(x).mod(modulus);
        }
        return x;
    }
}
