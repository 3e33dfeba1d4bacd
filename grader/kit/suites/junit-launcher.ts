export const launcherClass = 'SuiteReportLauncher'

/** Runs the classes that it is given and writes a report: a line of JSON for each test. Java 17, JUnit 5.7 and newer. */
export const launcherSource = `
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

public final class ${launcherClass} implements TestExecutionListener {

    private final Writer report;
    private TestPlan plan;

    private ${launcherClass}(Writer report) {
        this.report = report;
    }

    public static void main(String[] args) throws IOException {
        var report = Files.newBufferedWriter(Path.of(args[0]));
        var selectors = Arrays.stream(args).skip(1).map(DiscoverySelectors::selectClass).toList();
        var request = LauncherDiscoveryRequestBuilder.request().selectors(selectors).build();
        LauncherFactory.create().execute(request, new ${launcherClass}(report));
        report.write("{\\"end\\":true}\\n");
        report.close();
        // Neither a thread nor a shutdown hook that a test has left must hold up the end.
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    @Override
    public void testPlanExecutionStarted(TestPlan started) {
        plan = started;
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        write(test, false, true, null);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        var status = result.getStatus();
        // A class counts only if it fails itself, for example in its set-up.
        if (!test.isTest() && status != TestExecutionResult.Status.FAILED) return;
        var message = status == TestExecutionResult.Status.FAILED
                ? result.getThrowable().map(${launcherClass}::describe).orElse("failed") : null;
        write(test, status == TestExecutionResult.Status.SUCCESSFUL,
                status == TestExecutionResult.Status.ABORTED, message);
    }

    /** An exception may throw one itself when it is asked what it is. */
    private static String describe(Throwable thrown) {
        try {
            return String.valueOf(thrown);
        } catch (RuntimeException | Error again) {
            return thrown.getClass().getName();
        }
    }

    private synchronized void write(TestIdentifier test, boolean passed, boolean skipped, String message) {
        var names = new ArrayList<String>();
        for (var at = test; at != null && at.getParentId().isPresent(); at = plan.getParent(at).orElse(null)) {
            names.add(0, at.getDisplayName());
        }
        try {
            report.write("{\\"name\\":" + quote(String.join(" > ", names)) + ",\\"passed\\":" + passed
                    + ",\\"skipped\\":" + skipped
                    + (message == null ? "" : ",\\"message\\":" + quote(message)) + "}\\n");
            report.flush();
        } catch (IOException cause) {
            throw new java.io.UncheckedIOException(cause);
        }
    }

    private static String quote(String text) {
        var quoted = new StringBuilder("\\"");
        for (var c : text.substring(0, Math.min(text.length(), 2000)).toCharArray()) {
            if (c == '"' || c == '\\\\') quoted.append('\\\\').append(c);
            else if (c < ' ' || c > '~') quoted.append(String.format("\\\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
`
