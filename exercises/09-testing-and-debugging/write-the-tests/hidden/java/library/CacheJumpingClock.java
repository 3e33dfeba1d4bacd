import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * The clock of a machine that moves on by an hour whenever somebody looks at it. Java's own clock can not be replaced, so
 * this one stands between the cache and a clock that follows it. Clocks that only the test moves are left alone.
 */
final class CacheJumpingClock implements InstantSource {

    private static final Duration LOOK = Duration.ofMillis(3);

    private static long hours;

    private final InstantSource source;

    private CacheJumpingClock(InstantSource source) {
        this.source = source;
    }

    static InstantSource of(InstantSource source) {
        return followsTheMachine(source) ? new CacheJumpingClock(source) : source;
    }

    @Override
    public synchronized Instant instant() {
        hours++;
        return source.instant().plus(Duration.ofHours(hours));
    }

    /** Whether time passes in it by itself, and no faster than here: a clock may also tick with each question. */
    private static boolean followsTheMachine(InstantSource source) {
        var begin = System.nanoTime();
        var before = source.instant();
        var sleep = System.nanoTime();
        try {
            Thread.sleep(LOOK.toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        var slept = Duration.ofNanos(System.nanoTime() - sleep);
        var passed = Duration.between(before, source.instant());
        var most = Duration.ofNanos(System.nanoTime() - begin).plusMillis(1);
        return passed.plusMillis(1).compareTo(slept) >= 0 && passed.compareTo(most) <= 0;
    }
}
