import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that only the test moves. */
final class TestClock implements InstantSource {

    private Instant time = Instant.parse("2001-02-03T04:05:06Z");

    @Override
    public Instant instant() {
        return time;
    }

    void advance(Duration duration) {
        time = time.plus(duration);
    }

    void set(Instant time) {
        this.time = time;
    }
}
