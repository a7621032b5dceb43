# One container image, built from a Dockerfile and pushed to ECR by a Step Functions state machine that a
# release or a schedule starts.
# In: a zip or a git repository with the Dockerfile. Out: the image under its tag, once its scan is accepted.
#
# A build pushes under a tag of its own, <image_tag>-<10 digits>; only when nothing speaks against it does
# the image get <image_tag>. So that tag never points to an image that was refused, and a repository with
# immutable tags can take a second try.
#
#   build.tf          the CodeBuild project and its role; the only privileged build there is
#   definition.tf     build, scan, tag, as states
#   permissions.tf    what the state machine may do
#   live.tf, machine.tf, notifications.tf, outcome.tf, schedule.tf
#                     the same files in every job module: the machine, how it ends, the clock

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  registry       = "${var.account_id}.dkr.ecr.${local.region}.${data.aws_partition.current.dns_suffix}"
  repository_uri = "${local.registry}/${var.repository_name}"
  repository_arn = "arn:${local.partition}:ecr:${local.region}:${var.account_id}:repository/${var.repository_name}"

  job = {
    kind          = "image build"
    status_member = "Build.BuildStatus"
    more_reasons  = [{ Variable = "$.cause.description.Build.BuildStatus", IsPresent = true, Next = "FindBuildErrors" }]
  }

  stopped_machine_arn = null
}
