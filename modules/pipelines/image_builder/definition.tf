# The state machine: build and push, wait for the scan, judge it, tag, tell.

locals {
  definition = {
    Comment        = "Builds ${local.repository_uri}:${var.image_tag}. A run's own tag derives from its execution, so that a retry never builds twice."
    StartAt        = "NameTheJob"
    TimeoutSeconds = var.build.timeout_minutes * 60 + 36000
    States         = merge(local.job_states, local.outcome_states)
  }

  job_states = {
    for name, state in local._job_states : name => state
    if(var.scan != null || !contains(local.scan_states, name)) && (length(local.limits) > 0 || !contains(["JudgeScan", "GiveFindings"], name))
  }

  scan_states = ["LookAtScan", "StartScan", "WaitForScan", "LookHowScanStands", "GiveScanStatus", "JudgeScan", "GiveFindings"]
  limits      = var.scan == null ? {} : var.scan.max_findings
  judged      = length(local.limits) == 0 ? "FetchManifest" : "JudgeScan"

  _job_states = {
    NameTheJob = {
      Comment       = "10 digits of the SHA-256 of the execution's ARN: as long for every name, and the same whenever a state is tried again."
      Type          = "Pass"
      QueryLanguage = "JSONata"
      Output = {
        run = "{% $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
        job = "{% '${var.image_tag}-' & $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"
      }
      Next = "Build"
    }
    Build = {
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::codebuild:startBuild.sync"
      Parameters = {
        ProjectName                  = aws_codebuild_project.this.name
        EnvironmentVariablesOverride = [{ Name = "IMAGE_TAG", Type = "PLAINTEXT", "Value.$" = "$.job" }]
        "IdempotencyToken.$"         = "$.run"
      }
      ResultPath = "$.result"
      Retry      = local.start_retry
      Catch      = local.caught
      Next       = "LookHowItEnded"
    }
    LookHowItEnded = {
      Comment = "A build that somebody stopped has not finished."
      Type    = "Choice"
      Choices = [{ Not = { Variable = "$.result.Build.BuildStatus", StringEquals = "SUCCEEDED" }, Next = "GiveStatus" }]
      Default = "FindImage"
    }
    FindBuildErrors = {
      Type       = "Pass"
      Parameters = { "messages.$" = "$.cause.description.Build.Phases[?(@.PhaseStatus=='FAILED')].Contexts[*].Message" }
      ResultPath = "$.errors"
      Next       = "GiveBuildErrors"
    }
    GiveBuildErrors = {
      Type       = "Pass"
      Parameters = { error = "BuildFailed", "reason.$" = "States.Format('${local.job.kind} {} ended with status {}: {} Log: {}', $.job, $.cause.description.Build.BuildStatus, States.JsonToString($.errors.messages), $.cause.description.Build.Logs.DeepLink)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    FindImage = {
      Type           = "Task"
      Resource       = "arn:${local.partition}:states:::aws-sdk:ecr:describeImages"
      Parameters     = { RepositoryName = var.repository_name, ImageIds = [{ "ImageTag.$" = "$.job" }] }
      ResultSelector = { "details.$" = "States.ArrayGetItem($.ImageDetails, 0)" }
      ResultPath     = "$.image"
      Retry          = local.call_retry
      Catch          = local.caught
      Next           = var.scan == null ? "FetchManifest" : "LookAtScan"
    }
    LookAtScan = {
      Comment    = "A scan on push needs a moment to begin; a repository without one is asked for a scan."
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:ecr:describeImageScanFindings"
      Parameters = { RepositoryName = var.repository_name, ImageId = { "ImageDigest.$" = "$.image.details.ImageDigest" }, MaxResults = 1 }
      ResultPath = "$.scan"
      Retry      = [{ ErrorEquals = ["Ecr.ScanNotFoundException", "Ecr.EcrException", "Ecr.ServerException"], IntervalSeconds = 3, BackoffRate = 1.5, MaxAttempts = 5 }]
      Catch      = concat([{ ErrorEquals = ["Ecr.ScanNotFoundException"], ResultPath = "$.error", Next = "StartScan" }], local.caught)
      Next       = "LookHowScanStands"
    }
    StartScan = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::aws-sdk:ecr:startImageScan"
      Parameters = { RepositoryName = var.repository_name, ImageId = { "ImageDigest.$" = "$.image.details.ImageDigest" } }
      ResultPath = null
      Catch      = local.caught
      Next       = "WaitForScan"
    }
    WaitForScan = {
      Type    = "Wait"
      Seconds = 10
      Next    = "LookAtScan"
    }
    LookHowScanStands = {
      Type = "Choice"
      Choices = [
        { Or = [for status in ["COMPLETE", "ACTIVE"] : { Variable = "$.scan.ImageScanStatus.Status", StringEquals = status }], Next = local.judged },
        { Or = [for status in ["IN_PROGRESS", "PENDING"] : { Variable = "$.scan.ImageScanStatus.Status", StringEquals = status }], Next = "WaitForScan" },
      ]
      Default = "GiveScanStatus"
    }
    GiveScanStatus = {
      Type       = "Pass"
      Parameters = { error = "ScanFailed", "reason.$" = "States.Format('the scan of image {} ended with status {}; the image was not tagged ${var.image_tag}', $.job, $.scan.ImageScanStatus.Status)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    JudgeScan = {
      Type = "Choice"
      Choices = [
        for severity, limit in local.limits : {
          And = [
            { Variable = "$.scan.ImageScanFindings.FindingSeverityCounts.${severity}", IsPresent = true },
            { Variable = "$.scan.ImageScanFindings.FindingSeverityCounts.${severity}", NumericGreaterThan = limit },
          ]
          Next = "GiveFindings"
        }
      ]
      Default = "FetchManifest"
    }
    GiveFindings = {
      Type       = "Pass"
      Parameters = { error = "FindingsFound", "reason.$" = "States.Format('the scan of image {} has findings {}, allowed are at most ${join(", ", [for severity, limit in local.limits : "${severity} ${limit}"])}; the image was not tagged ${var.image_tag}', $.job, States.JsonToString($.scan.ImageScanFindings.FindingSeverityCounts))" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    FetchManifest = {
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::aws-sdk:ecr:batchGetImage"
      Parameters = {
        RepositoryName     = var.repository_name
        ImageIds           = [{ "ImageDigest.$" = "$.image.details.ImageDigest" }]
        AcceptedMediaTypes = ["application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"]
      }
      ResultSelector = { "image.$" = "States.ArrayGetItem($.Images, 0)" }
      ResultPath     = "$.found"
      Retry          = local.call_retry
      Catch          = local.caught
      Next           = "Tag"
    }
    Tag = {
      Comment  = "The same image may have the tag already; another one gives it up, unless the repository's tags are immutable."
      Type     = "Task"
      Resource = "arn:${local.partition}:states:::aws-sdk:ecr:putImage"
      Parameters = {
        RepositoryName             = var.repository_name
        ImageTag                   = var.image_tag
        "ImageDigest.$"            = "$.image.details.ImageDigest"
        "ImageManifest.$"          = "$.found.image.ImageManifest"
        "ImageManifestMediaType.$" = "$.found.image.ImageManifestMediaType"
      }
      ResultPath = null
      Retry      = [{ ErrorEquals = ["Ecr.EcrException", "Ecr.ServerException"], IntervalSeconds = 2, BackoffRate = 2, MaxAttempts = 3 }]
      Catch = concat([
        { ErrorEquals = ["Ecr.ImageAlreadyExistsException"], ResultPath = null, Next = "Report" },
        { ErrorEquals = ["Ecr.ImageTagAlreadyExistsException"], ResultPath = "$.error", Next = "GiveTagTaken" },
      ], local.caught)
      Next = "Report"
    }
    GiveTagTaken = {
      Type       = "Pass"
      Parameters = { error = "TagTaken", "reason.$" = "States.Format('image {} cannot get the tag ${var.image_tag}: another image has it, and tags of ${var.repository_name} are immutable; choose a new image_tag', $.job)" }
      ResultPath = "$.failure"
      Next       = local.failed
    }
    Report = {
      Type = "Pass"
      Parameters = {
        "job.$"    = "$.job"
        image_uri  = "${local.repository_uri}:${var.image_tag}"
        "digest.$" = "$.image.details.ImageDigest"
        "message.$" = (
          var.scan == null
          ? "States.Format('image ${local.repository_uri}:${var.image_tag} is built. Digest: {}.', $.image.details.ImageDigest)"
          : "States.Format('image ${local.repository_uri}:${var.image_tag} is built. Digest: {}. Its scan was accepted.', $.image.details.ImageDigest)"
        )
      }
      Next = local.succeeded
    }
  }
}
